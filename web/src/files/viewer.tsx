import { useState } from "preact/hooks";

import { useModal } from "../components/dialog";
import { Icon } from "../components/icon";
import { bytes } from "../format";
import { texts } from "../texts";
import { About } from "./about";
import { deleteFile } from "./actions";
import { EditFile, mayEdit } from "./edit-file";
import { contentAddress, lookOf, type StoredFile } from "./file";
import { Stage } from "./stage";

const words = texts.file;

type Props = {
  file: StoredFile;
  /** All files that can be walked through, in the order of the page. */
  files: readonly StoredFile[];
  /** Where a file is: its instance and field. */
  whereOf: (file: StoredFile) => string;
  nameOf: (person: number) => string;
  onMove: (file: StoredFile) => void;
  onClose: () => void;
  onChange: () => void;
};

/** A file over the page: its content, what is known of it, and what may be done with it. */
export function Viewer({ file, files, whereOf, nameOf, onMove, onClose, onChange }: Props) {
  const box = useModal();
  const [actual, setActual] = useState<number | null>(null);
  const [isEdited, setEdited] = useState(false);
  const isActual = actual === file.id;
  const at = files.findIndex((one) => one.id === file.id);
  const before = files[at - 1];
  const after = files[at + 1];

  function press(event: KeyboardEvent) {
    if (event.target instanceof Element && event.target.matches("input, select, textarea")) {
      return;
    }
    const to = { ArrowLeft: before, ArrowRight: after }[event.key];
    if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      onMove(to);
    }
  }

  const download = (
    <a class="button" href={contentAddress(file)} download={file.name}>
      <Icon name="download" />
      {words.download(file.name)}
    </a>
  );
  const where = whereOf(file);
  return (
    <dialog
      ref={box}
      class="viewer"
      aria-labelledby="viewer-name"
      onKeyDown={press}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="bar0">
        <button class="button icon only-phone" type="button" aria-label={texts.instance.back} onClick={onClose}>
          <Icon name="left" />
        </button>
        <div class="say">
          <h2 id="viewer-name">{file.name}</h2>
          <span class="quiet small mono" aria-live="polite">
            {[file.size === null ? null : bytes(file.size), where, words.position(at + 1, files.length)]
              .filter((part) => part !== null)
              .join(" · ")}
          </span>
        </div>
        <a class="button icon" href={contentAddress(file)} download={file.name} aria-label={words.download(file.name)}>
          <Icon name="download" />
        </a>
        {mayEdit(file) && (
          <button
            class="button icon"
            type="button"
            aria-label={words.edit.openFor(file.name)}
            onClick={() => setEdited(true)}
          >
            <Icon name="pen" />
          </button>
        )}
        {file.may?.includes("delete") === true && (
          <button
            class="button icon"
            type="button"
            aria-label={words.delete(file.name)}
            onClick={() => {
              onClose(); // the way back is offered on the page
              void deleteFile(file, onChange);
            }}
          >
            <Icon name="trash" />
          </button>
        )}
        <button class="button icon not-phone" type="button" aria-label={texts.close} onClick={onClose}>
          <Icon name="x" />
        </button>
      </div>
      <div class="stage">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and takes the keys that move on */}
        <section class="scroller" tabIndex={0} aria-label={words.content(file.name)} autofocus>
          <Stage key={file.id} file={file} isActual={isActual} download={download} />
        </section>
        {lookOf(file) === "image" && (
          <div class="zoom">
            <button class="button plain" type="button" onClick={() => setActual(isActual ? null : file.id)}>
              {isActual ? words.fit : words.actualSize}
            </button>
          </div>
        )}
        {before !== undefined && (
          <button
            class="button icon prev"
            type="button"
            aria-label={`${words.previous}: ${before.name}`}
            onClick={() => onMove(before)}
          >
            <Icon name="left" />
          </button>
        )}
        {after !== undefined && (
          <button
            class="button icon next"
            type="button"
            aria-label={`${words.next}: ${after.name}`}
            onClick={() => onMove(after)}
          >
            <Icon name="right" />
          </button>
        )}
      </div>
      <About file={file} where={where} nameOf={nameOf} />
      {isEdited && <EditFile file={file} onClose={() => setEdited(false)} onChange={onChange} />}
    </dialog>
  );
}
