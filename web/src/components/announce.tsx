// What happened, said once: in a small note at the bottom, and to screen readers.

import { signal } from "@preact/signals";

import { texts } from "../texts";
import { Icon } from "./icon";

type Said = { id: number; text: string; tone: "good" | "bad"; action?: { label: string; run: () => void } };

const said = signal<Said | null>(null);
const SHOWN_MS = 6_000;
let last = 0;

/** Say that something happened; `action` undoes it, for as long as `forMs`. */
export function announce(
  text: string,
  options: { tone?: "good" | "bad"; action?: Said["action"]; forMs?: number } = {},
) {
  const id = ++last;
  said.value = {
    id,
    text,
    tone: options.tone ?? "good",
    ...(options.action === undefined ? {} : { action: options.action }),
  };
  setTimeout(() => {
    if (said.value?.id === id) {
      said.value = null;
    }
  }, options.forMs ?? SHOWN_MS);
}

export function Announcements() {
  const now = said.value;
  const close = () => {
    said.value = null;
  };
  return (
    <div class="announce" role="status">
      {now !== null && (
        <div class="bulk">
          <span>{now.text}</span>
          {now.action !== undefined && (
            <button
              class="button"
              type="button"
              onClick={() => {
                close();
                now.action?.run();
              }}
            >
              {now.action.label}
            </button>
          )}
          <button class="button icon" type="button" aria-label={texts.close} onClick={close}>
            <Icon name="x" />
          </button>
        </div>
      )}
    </div>
  );
}
