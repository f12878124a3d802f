import type { Schemas } from "../../api/client";
import { AddFiles, Arriving } from "../../files/add-files";
import { isPicture, type StoredFile } from "../../files/file";
import { FileRows, Thumbnails } from "../../files/list";
import { personName } from "../../people";
import { texts } from "../../texts";
import type { App, InstanceView } from "./rights";

const words = texts.instance;
const FILES = new Set(["file", "photo", "signature"]);

/** A place for files: a field, or the attachments. */
export type Place = { field: Schemas["Field"] | null; id: string | null; label: string; files: readonly StoredFile[] };

/** Return the places that hold files, in the order of the app's fields; with `empty` also those that hold none. */
export function placesOf(view: InstanceView, app: App | null, empty: boolean): Place[] {
  const fields: Place[] = (app?.fields ?? [])
    .filter((field) => FILES.has(field.type))
    .map((field) => ({ field, id: field.id, label: field.label, files: view.files[field.id] ?? [] }));
  const known = new Set(fields.map((place) => place.id));
  for (const [id, files] of Object.entries(view.files)) {
    if (!known.has(id)) {
      fields.push({ field: null, id, label: id.replaceAll("_", " "), files });
    }
  }
  const attachments = { field: null, id: null, label: words.attachments, files: view.attachments };
  return [...fields, attachments].filter(
    (place) => empty || place.files.length > 0 || (place.id === null && view.may.includes("attach")),
  );
}

/** Return all files that the person sees, in the order of their places. */
export function allFiles(view: InstanceView, app: App | null): StoredFile[] {
  return placesOf(view, app, false).flatMap((place) => [...place.files]);
}

/** Return where a file is: "EVA-2, Photos". */
export function whereOf(view: InstanceView, app: App | null, file: StoredFile): string {
  const label =
    file.field === null
      ? words.attachments
      : (app?.fields.find((field) => field.id === file.field)?.label ?? file.field);
  return `${view.identifier}, ${label}`;
}

type Props = {
  view: InstanceView;
  place: Place;
  /** Pictures side by side instead of one below the other. */
  isCompact: boolean;
  addressOf: (file: StoredFile) => string;
  onChange: () => void;
};

/** The files of one place. */
export function PlaceOfFiles({ view, place, isCompact, addressOf, onChange }: Props) {
  const most = place.field?.max_files ?? null;
  const mayAdd =
    view.may.includes("attach") && place.field?.type !== "signature" && (most === null || place.files.length < most);
  const acts = {
    viewerOf: addressOf,
    nameOf: personName,
    onChange,
  };
  const arePictures = isCompact && place.files.length > 0 && place.files.every(isPicture);
  return (
    <section class="sheet pane" aria-label={place.label}>
      <div class="h">
        <h2>{place.label}</h2>
        {most !== null && most > 1 && <span class="quiet small mono">{words.used(place.files.length, most)}</span>}
        {place.id === null && <span class="quiet small">{words.notInField}</span>}
        <span class="grow" />
        {mayAdd && (
          <AddFiles instance={view.id} title={view.identifier} field={place.field} held={place.files.length} />
        )}
      </div>
      {place.files.length === 0 && <p class="quiet">{words.noFiles}</p>}
      {arePictures && <Thumbnails files={place.files} acts={acts} />}
      {!arePictures && place.files.length > 0 && <FileRows files={place.files} acts={acts} />}
      <Arriving instance={view.id} field={place.id} room={most === null ? Infinity : most - place.files.length} />
    </section>
  );
}
