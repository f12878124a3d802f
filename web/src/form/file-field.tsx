// A field of files or photos: what it holds, what is under way, and ways to add more.

import type { Schemas } from "../api/client";
import { announce } from "../components/announce";
import { bytes } from "../format";
import { texts } from "../texts";
import { acceptOf, type Limits, roomLeft, typesOf } from "../uploads/check";
import { addFiles, type UploadTarget, uploadsFor } from "../uploads/queue";
import { useArrivals } from "./arrivals";
import { DropZone } from "./drop-zone";
import { FieldFiles } from "./field-files";
import { arrived, type FileValue, inOrder, placed } from "./file-order";
import type { FormField } from "./form-state";
import { addressIn, type LinkDraft, LinkEntry, nameOf } from "./link-entry";

export { FileList } from "./file-list";

const words = texts.fields;

export type FileProps = {
  field: FormField;
  target: UploadTarget;
  /** The numbers of files and finished uploads, and links, in order. */
  value: readonly FileValue[];
  /** Files that the field holds on the server. */
  held: readonly Schemas["File"][];
  isRequired: boolean;
  fault: string | undefined;
  describedBy: string | undefined;
  onChange: (value: FileValue[]) => void;
  /** A link that is typed and not in the value yet. */
  draft: LinkDraft | null;
  onDraft: (draft: LinkDraft | null) => void;
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

export function FileField(props: FileProps) {
  const { field, target, value, held, isRequired, fault, describedBy, onChange, draft, onDraft } = props;
  const rows = uploadsFor(target, field.id).value;
  useArrivals({ field, target, value, held, onChange, merge: arrived });

  const known = new Set(held.map((file) => file.id));
  const all = placed(value, rows);
  const items = all.filter((item) => item.is !== "file" || known.has(item.id));
  const used = items.filter((item) => item.is !== "upload" || item.row.state.value.is !== "refused").length;
  const limits = limitsOf(field, items.filter((item) => item.is !== "upload").length);
  const hasRoom = field.max_files === undefined || used < field.max_files;
  const room = roomLeft();
  const labelId = `${field.id}-label`;
  const limitsId = `${field.id}-limits`;
  const explainedBy = [limitsId, describedBy].filter((id) => id !== undefined).join(" ");

  const closeLink = () => {
    onDraft(null);
    requestAnimationFrame(() => document.getElementById(`${field.id}-link`)?.focus());
  };
  const addLink = (typed: LinkDraft) => {
    const url = addressIn(typed.url);
    const isThere = items.some((item) => item.is === "link" && item.link.url === url);
    if (url === null || isThere || !hasRoom) {
      const reason = url === null ? words.link.bad : isThere ? words.link.twice : words.link.full(field.max_files ?? 0);
      onDraft({ ...typed, fault: reason });
      return;
    }
    const name = typed.name.trim() || nameOf(url);
    onChange([...inOrder(all), { url, name }]);
    announce(words.link.added(name));
    closeLink();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would change how its parts are laid out
    <div class="file-field" role="group" aria-labelledby={labelId} aria-describedby={explainedBy}>
      <DropZone
        id={`${field.id}-choose`}
        isPhotos={field.type === "photo"}
        isMany={field.max_files !== 1}
        accept={acceptOf(limits)}
        isRequired={isRequired}
        isInvalid={fault !== undefined}
        describedBy={explainedBy}
        onFiles={(given) => addFiles(target, field.id, given, limits)}
        link={
          field.allow_links === true
            ? { isOpen: draft !== null, onPress: () => (draft === null ? onDraft({ url: "", name: "" }) : closeLink()) }
            : undefined
        }
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
      {draft !== null && (
        <LinkEntry id={field.id} draft={draft} onDraft={onDraft} onAdd={() => addLink(draft)} onCancel={closeLink} />
      )}
      <FieldFiles
        id={field.id}
        labelledBy={labelId}
        all={all}
        items={items}
        held={held}
        value={value}
        hasRoom={hasRoom}
        onChange={onChange}
      />
    </div>
  );
}
