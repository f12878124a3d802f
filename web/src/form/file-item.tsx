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

function Picture({ name, src }: { name: string; src: string | null }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (src !== null && broken !== src) {
    return <img class="pic" src={src} alt="" decoding="async" onError={() => setBroken(src)} />;
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
