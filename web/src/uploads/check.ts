// Whether a field accepts a file, found out before a byte is sent. The server decides; only what it is sure to refuse
// is refused here.

import { bytes } from "../format";
import { storage } from "../frame/counts";
import { texts } from "../texts";

const words = texts.uploads.refused;

/** What limits the files of a field; of a field of the API, and how many files it holds besides the uploads. */
export type Limits = {
  accept?: readonly string[] | undefined;
  min_bytes?: number | undefined;
  max_bytes?: number | undefined;
  max_files?: number | undefined;
  /** Photo and signature fields accept pictures only, whatever `accept` says. */
  imagesOnly?: boolean;
  /** How many files the form holds already. */
  held?: number;
};

/** A file that was chosen, dropped or pasted. */
export type Given = { file: File; isFolder?: boolean };

/** Why a file is not sent; `waitsForRoom`: it can be once another is taken out. */
export type Refusal = { reason: string; waitsForRoom: boolean };

/** Return why a file is not sent, or null. */
export function refusal(given: Given, limits: Limits, used: number, left: number | null): Refusal | null {
  const reason = never(given, limits);
  if (reason !== null) {
    return { reason, waitsForRoom: false };
  }
  if (limits.max_files !== undefined && used >= limits.max_files) {
    return { reason: words.many(limits.max_files), waitsForRoom: true };
  }
  const isOver = left !== null && given.file.size > left;
  return isOver ? { reason: words.quota(bytes(Math.max(0, left))), waitsForRoom: false } : null;
}

/** Why the field does not accept a file, whatever else it holds. */
function never({ file, isFolder }: Given, limits: Limits): string | null {
  if (isFolder === true) {
    return words.folder;
  }
  if (file.size === 0) {
    return words.empty;
  }
  const accept = acceptOf(limits);
  if (!isAccepted(file, accept) || (limits.imagesOnly === true && !isAccepted(file, ["image/*"]))) {
    return words.type(typesOf(accept));
  }
  if (limits.max_bytes !== undefined && file.size > limits.max_bytes) {
    return words.large(bytes(file.size), bytes(limits.max_bytes));
  }
  if (limits.min_bytes !== undefined && file.size < limits.min_bytes) {
    return words.small(bytes(limits.min_bytes));
  }
  return null;
}

/** What the account's storage has room for, as it was last read. */
export function roomLeft(): number | null {
  const known = storage.value;
  return known === null ? null : Math.max(0, known.limit_bytes - known.used_bytes - known.reserved_bytes);
}

export function acceptOf(limits: Limits): readonly string[] {
  const accept = limits.accept ?? [];
  return accept.length === 0 && limits.imagesOnly === true ? ["image/*"] : accept;
}

const FAMILIES: Readonly<Record<string, string>> = {
  "image/*": texts.fields.images,
  "video/*": texts.fields.videos,
  "audio/*": texts.fields.audio,
  "text/*": texts.fields.textFiles,
};

/** What a field accepts, for people: "Images, PDF". */
export function typesOf(accept: readonly string[]): string {
  if (accept.length === 0 || accept.some((entry) => ["*", "*/*"].includes(entry))) {
    return texts.fields.anyFile;
  }
  const endings: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(KINDS).map(([ending, kind]) => [kind, ending]),
  );
  const named = accept.map(
    (entry) =>
      FAMILIES[entry] ?? (entry.startsWith(".") ? entry : (endings[entry] ?? entry)).replace(/^\./, "").toUpperCase(),
  );
  return [...new Set(named)].join(", ");
}

/** The types of the extensions for which browsers and systems differ, or know none. */
const KINDS: Readonly<Record<string, string>> = {
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".heif": "image/heic",
  ".heic": "image/heic",
  ".tiff": "image/tiff",
  ".tif": "image/tiff",
  ".bmp": "image/bmp",
  ".svg": "image/svg+xml",
  ".mp4": "video/mp4",
  ".mov": "video/quicktime",
  ".webm": "video/webm",
  ".mp3": "audio/mpeg",
  ".wav": "audio/wav",
  ".zip": "application/zip",
  ".csv": "text/csv",
  ".txt": "text/plain",
  ".json": "application/json",
  ".xml": "application/xml",
  ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
};

export function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot).toLowerCase();
}

/** The type of a file by its name, otherwise by what the browser says; "" where neither is known. */
export function typeOf(file: { name: string; type: string }): string {
  return KINDS[endingOf(file.name)] ?? file.type.split(";")[0]?.trim().toLowerCase() ?? "";
}

export function isImage(file: { name: string; type: string }): boolean {
  const type = typeOf(file);
  return type.startsWith("image/") && type !== "image/svg+xml";
}

function isAccepted(file: File, accept: readonly string[]): boolean {
  const type = typeOf(file);
  return (
    accept.length === 0 ||
    accept.some((entry) => {
      if (entry.startsWith(".")) {
        return endingOf(file.name) === entry;
      }
      if (entry === "*" || entry === "*/*" || type === "") {
        return true; // of a type that nobody here knows, the server looks at the content
      }
      return entry === "image/*"
        ? isImage(file)
        : entry.endsWith("/*")
          ? type.startsWith(entry.slice(0, -1))
          : entry === type;
    })
  );
}

/** The files of a drop or a paste; a folder comes as one file that is none. */
export function givenBy(transfer: DataTransfer | null): Given[] {
  return Array.from(transfer?.items ?? []).flatMap((item) => {
    const file = item.kind === "file" ? item.getAsFile() : null;
    return file === null ? [] : [{ file, isFolder: item.webkitGetAsEntry()?.isDirectory === true }];
  });
}
