import { useEffect, useRef } from "preact/hooks";

import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import { UploadItem } from "../form/upload-item";
import { texts } from "../texts";
import { acceptOf, type Limits } from "../uploads/check";
import { addFiles, uploadsFor } from "../uploads/queue";
import { attached, followUploads } from "./attaching";

type Props = {
  instance: number;
  /** For people, where the upload is shown elsewhere. */
  title: string;
  /** The field that the files go into; null: the attachments. */
  field: Schemas["Field"] | null;
  /** How many files the place holds. */
  held: number;
};

/** A button that adds files to an instance; they go into it as they arrive. */
export function AddFiles({ instance, title, field, held }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const limits: Limits =
    field === null
      ? {}
      : {
          accept: field.accept,
          min_bytes: field.min_bytes,
          max_bytes: field.max_bytes,
          max_files: field.max_files,
          imagesOnly: field.type !== "file",
          held,
        };
  useEffect(followUploads, []);

  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple={field?.max_files !== 1}
        accept={acceptOf(limits).join(",")}
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])].map((file) => ({ file }));
          event.currentTarget.value = "";
          addFiles({ instance, title }, field?.id ?? null, chosen, limits);
        }}
      />
      <button class="button plain" type="button" onClick={() => input.current?.click()}>
        <Icon name="plus" />
        {texts.instance.add}
        <span class="visually-hidden"> {field?.label ?? texts.instance.attachments}</span>
      </button>
    </>
  );
}

/** What is under way to a place of an instance, which has room for so many files more, and what was refused. */
export function Arriving({ instance, field, room }: { instance: number; field: string | null; room: number }) {
  const rows = uploadsFor({ instance }, field).value.filter((row) => row.state.value.is !== "done");
  const coming = rows.filter((row) => row.state.value.is !== "refused").length;
  if (rows.length === 0) {
    return null;
  }
  return (
    <ul class="list arriving">
      {rows.map((row) => (
        <UploadItem key={row.key} row={row} hasRoom={coming < room} />
      ))}
    </ul>
  );
}

/** Call back whenever files were put into the instance. */
export function useAttached(instance: number, onAttached: () => void): void {
  const latest = useRef(onAttached);
  latest.current = onAttached;
  useEffect(
    () =>
      attached.subscribe((last) => {
        if (last?.instance === instance) {
          latest.current();
        }
      }),
    [instance],
  );
}
