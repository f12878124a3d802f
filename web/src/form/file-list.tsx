// Files that the server holds, to look at.

import type { ComponentChildren } from "preact";

import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import { contentAddress, linkable, previewAddress, siteOf } from "../files/file";
import { bytes, dayAndTime, fullTime } from "../format";
import { usePersonName } from "../people";
import { texts } from "../texts";
import { FileItem, type Moves } from "./file-item";

type File = Schemas["File"];

type HeldProps = { file: File; moves?: Moves | undefined; children?: ComponentChildren };

/** A file that the server holds, or a link to one that is kept elsewhere; with what else can be done with it. */
export function HeldItem({ file, moves, children }: HeldProps) {
  const isStored = file.kind === "stored";
  const address = contentAddress(file);
  const by = usePersonName(file.created_by);
  return (
    <FileItem
      name={file.name}
      picture={isStored && file.media_type?.startsWith("image/") === true ? previewAddress(file) : null}
      {...(isStored
        ? { href: address }
        : { icon: "link" as const, elsewhere: file.url === null ? null : linkable(file.url) })}
      moves={moves}
      meta={
        <>
          {file.size !== null && <span>{bytes(file.size)}</span>}
          {!isStored && <span>{siteOf(file.url) ?? file.url}</span>}
          <span title={fullTime(file.created_at)}>
            {by === "" ? "" : `${by}, `}
            {dayAndTime(file.created_at)}
          </span>
        </>
      }
      acts={
        <>
          {isStored && (
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
