import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Icon } from "../components/icon";
import { Menu } from "../components/menu";
import { bytes, fullTime, shortTime } from "../format";
import { texts } from "../texts";
import { deleteFile } from "./actions";
import { useFileLink } from "./copy-link";
import { EditFile, mayEdit } from "./edit-file";
import { contentAddress, endingOf, isPicture, linkable, previewAddress, type StoredFile, siteOf } from "./file";

const words = texts.file;

export type FileActs = {
  /** The address of the page that shows a file. */
  viewerOf: (file: StoredFile) => string;
  nameOf: (person: number) => string;
  onChange: () => void;
};

/** Files one below the other, with what may be done with each. */
export function FileRows({ files, acts }: { files: readonly StoredFile[]; acts: FileActs }) {
  return (
    <ul class="list">
      {files.map((file) => (
        <FileRow key={file.id} file={file} acts={acts} />
      ))}
    </ul>
  );
}

function FileRow({ file, acts }: { file: StoredFile; acts: FileActs }) {
  const isStored = file.kind === "stored";
  const mayDelete = file.may?.includes("delete") === true;
  const link = useFileLink(file);
  const [isEdited, setEdited] = useState(false);
  return (
    <li class="item">
      {isStored ? <Picture file={file} /> : <Place icon={<Icon name="link" />} />}
      <div class="body">
        <span class="name">
          {isStored ? (
            <a class="link" href={acts.viewerOf(file)}>
              {file.name}
            </a>
          ) : (
            <Elsewhere file={file} />
          )}
        </span>
        <span class="meta">
          {isStored ? <StoredMeta file={file} acts={acts} /> : <LinkMeta file={file} />}
          {file.description !== "" && <span>{file.description}</span>}
        </span>
      </div>
      <div class="acts">
        {isStored && (
          <>
            <button class="button icon" type="button" aria-label={words.copyLink(file.name)} onClick={link.copy}>
              <Icon name="link" />
            </button>
            <a
              class="button icon"
              href={contentAddress(file)}
              download={file.name}
              aria-label={words.download(file.name)}
            >
              <Icon name="download" />
            </a>
          </>
        )}
        {(isStored || mayDelete || mayEdit(file)) && (
          <Menu label={words.moreFor(file.name)}>
            {isStored && (
              <>
                <button class="button plain" type="button" onClick={link.copy}>
                  <Icon name="link" />
                  {words.makeLink}
                </button>
                <a class="button plain" href={contentAddress(file)} download={file.name}>
                  <Icon name="download" />
                  {words.downloadIt}
                </a>
              </>
            )}
            {mayEdit(file) && (
              <button class="button plain" type="button" onClick={() => setEdited(true)}>
                <Icon name="pen" />
                {words.edit.open}
              </button>
            )}
            {mayDelete && (
              <button class="button plain danger" type="button" onClick={() => void deleteFile(file, acts.onChange)}>
                <Icon name="trash" />
                {words.deleteIt}
              </button>
            )}
          </Menu>
        )}
      </div>
      {link.shown}
      {isEdited && <EditFile file={file} onClose={() => setEdited(false)} onChange={acts.onChange} />}
    </li>
  );
}

function StoredMeta({ file, acts }: { file: StoredFile; acts: FileActs }) {
  const name = file.created_by === null ? texts.product : acts.nameOf(file.created_by);
  return (
    <>
      {file.size !== null && <span>{bytes(file.size)}</span>}
      <span title={fullTime(file.created_at)}>
        {[name, shortTime(file.created_at)].filter((part) => part !== "").join(", ")}
      </span>
      {file.sha256 !== null && (
        <>
          <span class="not-print not-phone">{words.sha(file.sha256)}</span>
          <span class="only-print">
            {words.hash} {file.sha256}
          </span>
        </>
      )}
    </>
  );
}

function LinkMeta({ file }: { file: StoredFile }) {
  const site = siteOf(file.url);
  return (
    <>
      {site !== null && <span>{site}</span>}
      <span>{words.opensThere}</span>
    </>
  );
}

/** A file that is kept elsewhere: an anchor where its address can be one, otherwise its address as text. */
function Elsewhere({ file }: { file: StoredFile }) {
  const href = file.url === null ? null : linkable(file.url);
  if (href === null) {
    return `${file.name}${file.url === null ? "" : ` (${file.url})`}`;
  }
  return (
    <a class="link" href={href} target="_blank" rel="noopener noreferrer">
      {file.name}
    </a>
  );
}

/** The server makes the small picture of an image a little after it arrived. */
const AGAIN_MS = 3_000;
const TRIES = 4;

/** The small picture of an image, the ending of any other name. */
export function Picture({ file, large = false }: { file: StoredFile; large?: boolean }) {
  const [failed, setFailed] = useState(0);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    if (!isMissing || failed >= TRIES) {
      return;
    }
    const timer = setTimeout(() => setMissing(false), AGAIN_MS * failed);
    return () => clearTimeout(timer);
  }, [isMissing, failed]);
  const fail = () => {
    setFailed(failed + 1);
    setMissing(true);
  };
  if (!isPicture(file) || isMissing) {
    return <Place icon={endingOf(file)} isPdf={file.media_type === "application/pdf"} />;
  }
  return (
    <img
      class={large ? undefined : "pic"}
      src={previewAddress(file)}
      alt={large ? file.description : ""} // its name stands below
      loading="lazy"
      onError={fail}
    />
  );
}

function Place({ icon, isPdf = false }: { icon: ComponentChildren; isPdf?: boolean }) {
  return (
    <span class={isPdf ? "pic pdf" : "pic"} aria-hidden="true">
      {icon}
    </span>
  );
}

/** Pictures side by side; each opens the viewer, where the rest may be done. */
export function Thumbnails({ files, acts }: { files: readonly StoredFile[]; acts: FileActs }) {
  return (
    <ul class="thumbs">
      {files.map((file) => (
        <li key={file.id}>
          <a href={acts.viewerOf(file)} aria-label={words.preview(file.name)}>
            <Picture file={file} large />
            <p class="name">{file.name}</p>
          </a>
          {file.size !== null && <span class="quiet small mono">{bytes(file.size)}</span>}
          {file.sha256 !== null && (
            <span class="only-print small">
              {words.hash} {file.sha256}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
