// One file in a list: its picture or type, its name, what is known of it, and what can be done with it.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { texts } from "../texts";
import { endingOf } from "../uploads/check";

type Props = {
  name: string;
  /** Where its picture is; without one, the type is shown in letters. */
  picture: string | null;
  /** Where the name leads. */
  href?: string;
  isBad?: boolean;
  meta: ComponentChildren;
  /** Between the name and what is known: the progress. */
  children?: ComponentChildren;
  acts: ComponentChildren;
};

export function FileItem({ name, picture, href, isBad = false, meta, children, acts }: Props) {
  return (
    <li class={isBad ? "item no" : "item"}>
      <Picture name={name} src={picture} />
      <div class="body">
        <span class="name" title={name}>
          {href === undefined ? (
            name
          ) : (
            <a class="link" href={href} download={name}>
              {name}
            </a>
          )}
        </span>
        {children}
        <span class="meta">{meta}</span>
      </div>
      <div class="acts">{acts}</div>
    </li>
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
