// Files that the server holds, to look at.

import type { ComponentChildren } from "preact";

import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import { bytes, dayAndTime, fullTime } from "../format";
import { texts } from "../texts";
import { FileItem } from "./file-item";
import { usePeople } from "./people";

type File = Schemas["File"];

/** Where a file is downloaded from, or where a file of another kind is kept. */
export function addressOf(file: File): string | null {
  if (file.kind === "stored") {
    return `/api/v1/files/${file.id}/content?disposition=attachment`;
  }
  return file.url !== null && /^https?:/i.test(file.url) ? file.url : null;
}

function previewOf(file: File): string | null {
  return file.kind === "stored" && file.media_type?.startsWith("image/") === true
    ? `/api/v1/files/${file.id}/preview`
    : null;
}

/** A file that the server holds; with what else can be done with it. */
export function HeldItem({ file, children }: { file: File; children?: ComponentChildren }) {
  const address = addressOf(file);
  const by = usePeople().find((person) => person.id === file.created_by)?.name;
  return (
    <FileItem
      name={file.name}
      picture={previewOf(file)}
      {...(address === null ? {} : { href: address })}
      meta={
        <>
          {file.size !== null && <span>{bytes(file.size)}</span>}
          <span title={fullTime(file.created_at)}>
            {by === undefined ? "" : `${by}, `}
            {dayAndTime(file.created_at)}
          </span>
        </>
      }
      acts={
        <>
          {address !== null && (
            <a class="button icon" href={address} download={file.name} aria-label={texts.file.download(file.name)}>
              <Icon name="download" />
            </a>
          )}
          {children}
        </>
      }
    />
  );
}

/** The files of a field that the form only shows. */
export function FileList({ files, labelledBy }: { files: readonly File[]; labelledBy?: string }) {
  return (
    <ul class="list" aria-labelledby={labelledBy}>
      {files.map((file) => (
        <HeldItem key={file.id} file={file} />
      ))}
    </ul>
  );
}
