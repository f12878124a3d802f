// The rows of a field's files: in an order that can be changed, each with what can be done with it.

import { useRef, useState } from "preact/hooks";

import type { Schemas } from "../api/client";
import { announce } from "../components/announce";
import { Icon } from "../components/icon";
import { texts } from "../texts";
import { type Row, remove } from "../uploads/queue";
import type { Moves } from "./file-item";
import { HeldItem } from "./file-list";
import { type FileValue, type Item, isPlace, type LinkValue, moved } from "./file-order";
import { LinkItem } from "./link-entry";
import { UploadItem } from "./upload-item";

const words = texts.fields;

type File = Schemas["File"];

type Props = {
  /** Of the field. */
  id: string;
  labelledBy: string;
  /** Everything that the value names. */
  all: readonly Item[];
  /** What of it is known, and shown. */
  items: readonly Item[];
  held: readonly File[];
  value: readonly FileValue[];
  hasRoom: boolean;
  onChange: (value: FileValue[]) => void;
};

export function FieldFiles({ id, labelledBy, all, items, held, value, hasRoom, onChange }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [told, setTold] = useState("");
  const files = new Map(held.map((file) => [file.id, file]));
  const nameOf = (item: Item) =>
    item.is === "link" ? item.link.name : item.is === "upload" ? item.row.name : (files.get(item.id)?.name ?? "");

  /** The button that had the focus goes with its row: that of the next row has it then, or the one that adds files. */
  const moveFocus = (index: number) => {
    requestAnimationFrame(() => {
      const rows = list.current?.querySelectorAll<HTMLElement>(":scope > li") ?? [];
      const near = rows[Math.min(index, rows.length - 1)]?.querySelector<HTMLElement>(".acts button:last-child");
      (near ?? document.getElementById(`${id}-choose`))?.focus();
    });
  };
  const leave = (row: Row, index: number) => {
    remove(row);
    onChange(value.filter((one) => one !== row.ticket.peek() && !(isPlace(one) && one.upload === row.key)));
    moveFocus(index);
  };
  const takeOut = (entry: number | LinkValue, index: number) => {
    const before = [...value];
    onChange(before.filter((one) => one !== entry));
    const name = typeof entry === "number" ? (files.get(entry)?.name ?? "") : entry.name;
    announce(words.takenOut(name), { action: { label: texts.file.undo, run: () => onChange(before) } });
    moveFocus(index);
  };
  const movesOf = (item: Item, at: number): Moves => ({
    at,
    of: items.length,
    by: (step) => {
      const other = items[at + step];
      if (other !== undefined) {
        onChange(moved(all, item, other));
        setTold(words.movedTo(nameOf(item), at + step + 1, items.length));
      }
    },
  });

  return (
    <>
      <p class="visually-hidden" role="status">
        {told}
      </p>
      {items.length > 0 && (
        <ul class="list" aria-labelledby={labelledBy} ref={list}>
          {items.map((item, index) => {
            const moves = movesOf(item, index);
            if (item.is === "upload") {
              const { row } = item;
              return (
                <UploadItem
                  key={row.key}
                  row={row}
                  hasRoom={hasRoom}
                  moves={moves}
                  onRemove={() => leave(row, index)}
                />
              );
            }
            if (item.is === "link") {
              const { link } = item;
              return <LinkItem key={link.url} link={link} moves={moves} onRemove={() => takeOut(link, index)} />;
            }
            const file = files.get(item.id);
            return (
              file !== undefined && (
                <HeldItem key={file.id} file={file} moves={moves}>
                  <button
                    class="button icon"
                    type="button"
                    aria-label={texts.uploads.remove(file.name)}
                    onClick={() => takeOut(file.id, index)}
                  >
                    <Icon name="x" />
                  </button>
                </HeldItem>
              )
            );
          })}
        </ul>
      )}
    </>
  );
}
