// A field of files or photos: what it holds, what is under way, and ways to add more.

import { useRef } from "preact/hooks";

import type { Schemas } from "../api/client";
import { announce } from "../components/announce";
import { Icon } from "../components/icon";
import { bytes } from "../format";
import { texts } from "../texts";
import { acceptOf, type Limits, roomLeft, typesOf } from "../uploads/check";
import { addFiles, type Row, remove, type UploadTarget, uploadsFor } from "../uploads/queue";
import { useArrivals } from "./arrivals";
import { DropZone } from "./drop-zone";
import { HeldItem } from "./file-list";
import { arrived, placed } from "./file-order";
import type { FormField } from "./form-state";
import { UploadItem } from "./upload-item";

export { FileList } from "./file-list";

const words = texts.fields;

export type FileProps = {
  field: FormField;
  target: UploadTarget;
  /** The numbers of files and finished uploads, in order. */
  value: readonly number[];
  /** Files that the field holds on the server. */
  held: readonly Schemas["File"][];
  isRequired: boolean;
  fault: string | undefined;
  describedBy: string | undefined;
  onChange: (ids: number[]) => void;
};

/** What a field lets in. */
export function limitsOf(field: FormField, held: number): Limits {
  const imagesOnly = field.type !== "file";
  return {
    accept: field.accept,
    min_bytes: field.min_bytes,
    max_bytes: field.max_bytes,
    max_files: field.max_files,
    imagesOnly,
    held,
  };
}

export function FileField({ field, target, value, held, isRequired, fault, describedBy, onChange }: FileProps) {
  const uploads = uploadsFor(target, field.id);
  const rows = uploads.value;
  useArrivals({ field, target, value, held, onChange, merge: arrived });
  const list = useRef<HTMLUListElement>(null);

  const files = new Map(held.map((file) => [file.id, file]));
  const shown = placed(value, rows).filter((one) => typeof one !== "number" || files.has(one));
  const isRefused = (one: number | Row) => typeof one !== "number" && one.state.value.is === "refused";
  const used = shown.filter((one) => !isRefused(one)).length;
  const limits = limitsOf(field, shown.filter((one) => typeof one === "number").length);
  const room = roomLeft();
  const labelId = `${field.id}-label`;
  const limitsId = `${field.id}-limits`;

  /** The button that had the focus goes with its row: that of the next row has it then, or the one that adds files. */
  const moveFocus = (index: number) => {
    requestAnimationFrame(() => {
      const items = list.current?.querySelectorAll<HTMLElement>(":scope > li") ?? [];
      const near = items[Math.min(index, items.length - 1)]?.querySelector<HTMLElement>(".acts button:last-child");
      (near ?? document.getElementById(`${field.id}-choose`))?.focus();
    });
  };
  const leave = (row: Row, index: number) => {
    remove(row);
    onChange(value.filter((id) => id !== row.ticket.peek()));
    moveFocus(index);
  };
  const takeOut = (file: Schemas["File"], index: number) => {
    const before = [...value];
    onChange(before.filter((id) => id !== file.id));
    announce(words.takenOut(file.name), { action: { label: texts.file.undo, run: () => onChange(before) } });
    moveFocus(index);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would change how its parts are laid out
    <div
      class="file-field"
      role="group"
      aria-labelledby={labelId}
      aria-describedby={[limitsId, describedBy].filter((id) => id !== undefined).join(" ")}
    >
      <DropZone
        id={`${field.id}-choose`}
        isPhotos={field.type === "photo"}
        isMany={field.max_files !== 1}
        accept={acceptOf(limits)}
        isRequired={isRequired}
        isInvalid={fault !== undefined}
        describedBy={[limitsId, describedBy].filter((id) => id !== undefined).join(" ")}
        onFiles={(given) => addFiles(target, field.id, given, limits)}
      >
        <span class="quiet small" id={limitsId}>
          {words.limits(
            typesOf(acceptOf(limits)),
            field.max_files ?? null,
            field.max_bytes === undefined ? null : bytes(field.max_bytes),
            used,
          )}
          {room !== null && ` ${words.left(bytes(room))}`}
        </span>
      </DropZone>
      {shown.length > 0 && (
        <ul class="list" aria-labelledby={labelId} ref={list}>
          {shown.map((one, index) => {
            if (typeof one !== "number") {
              return <UploadItem key={one.key} row={one} onRemove={() => leave(one, index)} />;
            }
            const file = files.get(one);
            return (
              file !== undefined && (
                <HeldItem key={one} file={file}>
                  <button
                    class="button icon"
                    type="button"
                    aria-label={texts.uploads.remove(file.name)}
                    onClick={() => takeOut(file, index)}
                  >
                    <Icon name="x" />
                  </button>
                </HeldItem>
              )
            );
          })}
        </ul>
      )}
    </div>
  );
}
