// Deleting a file and bringing it back.

import { api, type Schemas, take } from "../api/client";
import { asProblem } from "../api/problem";
import { announce } from "../components/announce";
import { texts } from "../texts";
import type { StoredFile } from "./file";

const words = texts.file;
const SECOND_MS = 1000;

/**
 * Delete a file, and offer Undo for as long as the server can restore it.
 *
 * @param onChange after it is deleted, and after it is back.
 */
export async function deleteFile(file: StoredFile, onChange: () => void): Promise<void> {
  try {
    const params = { path: { file: file.id } };
    const window: Schemas["Restorable"] = await take(api.DELETE("/api/v1/files/{file}", { params }));
    announce(words.deleted(file.name), {
      action: { label: words.undo, run: () => void restoreFile(file, onChange) },
      forMs: window.restorable_s * SECOND_MS,
    });
  } catch (error) {
    announce(asProblem(error).message, { tone: "bad" });
  }
  onChange();
}

async function restoreFile(file: StoredFile, onChange: () => void): Promise<void> {
  try {
    await take(api.POST("/api/v1/files/{file}/restore", { params: { path: { file: file.id } } }));
    announce(words.restored(file.name));
  } catch (error) {
    announce(asProblem(error).message, { tone: "bad" });
  }
  onChange();
}
