// Signed addresses of files, for people who do not sign in, and the clipboard.

import { api, type Schemas, take } from "../api/client";
import type { StoredFile } from "./file";

export type Link = Schemas["Link"];

/** Create an address that works for everybody who has it, for a while. */
export async function makeLink(file: StoredFile, options: { lifetimeS?: number; isShown?: boolean } = {}) {
  return take(
    api.POST("/api/v1/files/{file}/links", {
      params: { path: { file: file.id } },
      body: {
        disposition: options.isShown === true ? "inline" : "attachment",
        lifetime_s: options.lifetimeS ?? null,
      },
    }),
  );
}

/** Put a text on the clipboard. Returns whether the browser allowed it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or no clipboard over plain http
  }
}
