import { useEffect, useRef, useState } from "preact/hooks";

import { areKeysOn } from "../../device/preferences";

type Acts<T> = { open: (item: T) => void; claim: (item: T) => void; start: () => void; help: () => void };

/**
 * Move through rows by j and k, and act on the one that is marked, unless the person switched single keys off.
 * Returns its index; -1 before the first key.
 */
export function useRowKeys<T>(items: readonly T[], acts: Acts<T>): number {
  const [at, setAt] = useState(-1);
  const latest = useRef({ items, acts, at });
  latest.current = { items, acts, at };

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const now = latest.current;
      if (!areKeysOn.value || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
      }
      const item = now.items[now.at];
      const key = event.key;
      if (key === "j" || key === "k") {
        const next = Math.max(0, Math.min(now.items.length - 1, now.at + (key === "j" ? 1 : -1)));
        setAt(next);
        document.querySelectorAll("tr.row")[next]?.scrollIntoView({ block: "nearest" });
      } else if (key === "Enter" && item !== undefined && !isControl(event.target)) {
        now.acts.open(item);
      } else if (key === "c" && item !== undefined) {
        now.acts.claim(item);
      } else if (key === "s") {
        now.acts.start();
      } else if (key === "?") {
        now.acts.help();
      } else {
        return;
      }
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return Math.min(at, items.length - 1);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && (target.matches("input, textarea, select") || target.closest("dialog") !== null);
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("a, button");
}
