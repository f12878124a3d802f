import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Icon } from "../components/icon";
import { texts } from "../texts";
import { type Given, givenBy } from "../uploads/check";

const words = texts.fields;

type Props = {
  /** Of the button that chooses files. */
  id: string;
  isPhotos: boolean;
  isMany: boolean;
  accept: readonly string[];
  isRequired: boolean;
  isInvalid: boolean;
  describedBy: string;
  onFiles: (files: Given[]) => void;
  /** Where the field accepts links; a second press closes what the first opened. */
  link?: { isOpen: boolean; onPress: () => void } | undefined;
  /** The limits. */
  children: ComponentChildren;
};

/** Whether the person points with a finger: such a device has a camera. */
const isTouch = () => matchMedia("(pointer: coarse)").matches;

/** Files come in by a button, by dropping them, by pasting them, and on a phone from its camera. */
export function DropZone({
  id,
  isPhotos,
  isMany,
  accept,
  isRequired,
  isInvalid,
  describedBy,
  onFiles,
  link,
  children,
}: Props) {
  const [depth, setDepth] = useState(0);
  const chosen = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  useEffect(keepPage, []);

  const take = (event: Event & { currentTarget: HTMLInputElement }) => {
    const files = Array.from(event.currentTarget.files ?? [], (file) => ({ file }));
    event.currentTarget.value = ""; // so that the same file can be chosen again
    onFiles(files);
  };
  const label = `${id.replace(/-choose$/, "")}-label`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for pointers only; the button does the same
    <div
      class={depth > 0 ? "drop over" : "drop"}
      aria-invalid={isInvalid}
      tabIndex={-1}
      onDragEnter={() => setDepth((now) => now + 1)}
      onDragLeave={() => setDepth((now) => Math.max(0, now - 1))}
      onDragOver={(event) => {
        event.preventDefault();
        if (event.dataTransfer !== null) {
          event.dataTransfer.dropEffect = "copy";
        }
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDepth(0);
        onFiles(givenBy(event.dataTransfer));
      }}
      onPaste={(event) => {
        const files = givenBy(event.clipboardData);
        if (files.length > 0) {
          event.preventDefault();
          onFiles(files);
        }
      }}
    >
      <span class="say">
        <b class="not-phone">{isPhotos ? words.dropPhotos : words.dropFiles}</b>
        <b class="only-phone">{isPhotos ? words.addPhotos : words.addFiles}</b>
        <br />
        {children}
      </span>
      {isPhotos && isTouch() && (
        <button class="button" type="button" onClick={() => camera.current?.click()}>
          <Icon name="camera" />
          {words.takePhoto}
        </button>
      )}
      <button
        class="button"
        type="button"
        id={id}
        aria-describedby={`${label} ${describedBy}`}
        onClick={() => chosen.current?.click()}
      >
        {words.chooseFiles}
        {isRequired && <span class="visually-hidden">, {texts.task.required}</span>}
      </button>
      {link !== undefined && (
        <button
          class="button"
          type="button"
          id={id.replace(/-choose$/, "-link")}
          aria-expanded={link.isOpen}
          aria-describedby={`${label} ${describedBy}`}
          onClick={link.onPress}
        >
          <Icon name="link" />
          {words.link.open}
        </button>
      )}
      <input ref={chosen} type="file" hidden multiple={isMany} accept={accept.join(",")} onChange={take} />
      {isPhotos && <input ref={camera} type="file" hidden accept="image/*" capture="environment" onChange={take} />}
    </div>
  );
}

/** A file that is dropped beside the zone must not replace the page. */
function keepPage(): () => void {
  const refuse = (event: DragEvent) => {
    const hasFiles = event.dataTransfer?.types.includes("Files") === true;
    if (hasFiles && !event.defaultPrevented) {
      event.preventDefault();
      if (event.dataTransfer !== null) {
        event.dataTransfer.dropEffect = "none";
      }
    }
  };
  addEventListener("dragover", refuse);
  addEventListener("drop", refuse);
  return () => {
    removeEventListener("dragover", refuse);
    removeEventListener("drop", refuse);
  };
}
