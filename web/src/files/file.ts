// What a file is to the pages: how it is looked at, what it is called, where its bytes are.

import type { Schemas } from "../api/client";
import { texts } from "../texts";

export type StoredFile = Schemas["File"];

export type Look = "image" | "preview" | "pdf" | "text" | "none";

const BROWSER_IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const TEXTS = new Set(["application/json", "application/xml", "application/x-ndjson", "application/yaml"]);
/** Never shown, whatever they contain: they can hold scripts. */
const ACTIVE = /svg|html/;

/** Return how a file can be shown within the page. */
export function lookOf(file: StoredFile): Look {
  const type = file.media_type?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (file.kind !== "stored" || ACTIVE.test(type)) {
    return "none";
  }
  if (type.startsWith("image/")) {
    return BROWSER_IMAGES.has(type) ? "image" : "preview";
  }
  if (type === "application/pdf") {
    return "pdf";
  }
  return type.startsWith("text/") || TEXTS.has(type) ? "text" : "none";
}

export function isPicture(file: StoredFile): boolean {
  const look = lookOf(file);
  return look === "image" || look === "preview";
}

/** Return the ending of a name in capitals, for the place of a picture: PDF, XLSX. */
export function endingOf(file: StoredFile): string {
  const ending = /\.([A-Za-z0-9]{1,4})$/.exec(file.name)?.[1];
  return ending?.toUpperCase() ?? texts.file.plain;
}

export function contentAddress(file: StoredFile, disposition: "attachment" | "inline" = "attachment"): string {
  return `/api/v1/files/${file.id}/content${disposition === "inline" ? "?disposition=inline" : ""}`;
}

export function previewAddress(file: StoredFile): string {
  return `/api/v1/files/${file.id}/preview`;
}

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);

/** Return an address that a page may link to; null for any other scheme, and for what is no address. */
export function linkable(address: string): string | null {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Return the name of the site that an address belongs to. */
export function siteOf(address: string | null): string | null {
  const url = address === null ? null : linkable(address);
  return url === null ? null : new URL(url).hostname || null;
}
