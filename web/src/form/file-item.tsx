// One file in a list: its picture or type, its name, what is known of it, and what can be done with it.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Icon } from "../components/icon";
import type { IconName } from "../components/icons";
import { texts } from "../texts";
import { endingOf } from "../uploads/check";

/** Where an item stands in a list that can be put in another order. */
export type Moves = { at: number; of: number; by: (step: -1 | 1) => void };

type Props = {
  name: string;
  /** Where its picture is; without one, the type is shown in letters, or an icon. */
  picture: string | null;
  icon?: IconName;
  /** What the name downloads. */
  href?: string;
  /** Where the name leads, for what is kept elsewhere; null where its address can be no anchor. */
  elsewhere?: string | null;
  moves?: Moves | undefined;
  isBad?: boolean;
  meta: ComponentChildren;
  /** Between the name and what is known: the progress. */
  children?: ComponentChildren;
  acts: ComponentChildren;
};

export function FileItem({ name, picture, icon, isBad = false, moves, meta, children, acts, ...address }: Props) {
  /** The row keeps the focus, which the browser takes from what is moved in the page. */
  const move = (step: -1 | 1) => {
    const focused = document.activeElement;
    moves?.by(step);
    requestAnimationFrame(() => {
      if (document.activeElement === document.body && focused instanceof HTMLElement) {
        focused.focus();
      }
    });
  };
  return (
    <li
      class={isBad ? "item no" : "item"}
      onKeyDown={(event) => {
        if (moves !== undefined && event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
          event.preventDefault();
          move(event.key === "ArrowUp" ? -1 : 1);
        }
      }}
    >
      {icon === undefined ? (
        <Picture name={name} src={picture} />
      ) : (
        <span class="pic" aria-hidden="true">
          <Icon name={icon} />
        </span>
      )}
      <div class="body">
        <span class="name" title={name}>
          <Name name={name} {...address} />
        </span>
        {children}
        <span class="meta">{meta}</span>
      </div>
      <div class="acts">
        {moves !== undefined && moves.of > 1 && <MoveButtons name={name} moves={moves} move={move} />}
        {acts}
      </div>
    </li>
  );
}

function Name({ name, href, elsewhere }: Pick<Props, "name" | "href" | "elsewhere">) {
  if (href !== undefined) {
    return (
      <a class="link" href={href} download={name}>
        {name}
      </a>
    );
  }
  if (elsewhere !== undefined && elsewhere !== null) {
    return (
      <a class="link" href={elsewhere} target="_blank" rel="noopener noreferrer">
        {name}
      </a>
    );
  }
  return <>{name}</>;
}

/** At an end, a button stays where it is, so that the focus does; it does nothing there. */
function MoveButtons({ name, moves, move }: { name: string; moves: Moves; move: (step: -1 | 1) => void }) {
  return (
    <>
      <button
        class="button icon"
        type="button"
        aria-label={texts.fields.moveUp(name)}
        aria-keyshortcuts="Alt+ArrowUp"
        aria-disabled={moves.at === 0}
        onClick={() => move(-1)}
      >
        <Icon name="up" />
      </button>
      <button
        class="button icon"
        type="button"
        aria-label={texts.fields.moveDown(name)}
        aria-keyshortcuts="Alt+ArrowDown"
        aria-disabled={moves.at === moves.of - 1}
        onClick={() => move(1)}
      >
        <Icon name="down" />
      </button>
    </>
  );
}

const AGAIN_MS = 3_000;
const TRIES = 4;

/** A picture; its type where there is none, or none yet: the server makes previews a little later. */
function Picture({ name, src }: { name: string; src: string | null }) {
  const [failed, setFailed] = useState(0);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    setFailed(0);
    setBroken(false);
  }, [src]);
  useEffect(() => {
    if (!isBroken || failed >= TRIES || src?.startsWith("blob:") !== false) {
      return;
    }
    const timer = setTimeout(() => setBroken(false), AGAIN_MS * failed);
    return () => clearTimeout(timer);
  }, [src, isBroken, failed]);

  if (src !== null && !isBroken) {
    const fail = () => {
      setFailed((before) => before + 1);
      setBroken(true);
    };
    return <img class="pic" src={src} alt="" decoding="async" onError={fail} />;
  }
  const ending = endingOf(name).slice(1, 5).toUpperCase();
  return (
    <span class={ending === "PDF" ? "pic pdf" : "pic"} aria-hidden="true">
      {ending === "" ? texts.fields.noType : ending}
    </span>
  );
}

/** The address of a file of this page, for as long as it is shown. */
export function useObjectUrl(file: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (file === null) {
      setUrl(null);
      return;
    }
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}
