import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { Icon } from "./icon";

type Props = { label: string; children: ComponentChildren; face?: ComponentChildren };

/** A button (three dots, or a face of its own) that opens further actions; Escape or a click elsewhere closes it. */
export function Menu({ label, children, face }: Props) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const close = (event: Event) => {
      if (!(event.target instanceof Node) || box.current?.contains(event.target) !== true) {
        setOpen(false);
      }
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        setOpen(false);
        box.current?.querySelector("button")?.focus();
      }
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", key);
    };
  }, [isOpen]);

  return (
    <div class="menu" ref={box}>
      <button
        class={face === undefined ? "button icon" : "face-of-menu"}
        type="button"
        aria-label={face === undefined ? label : undefined}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {face ?? <Icon name="dots" />}
      </button>
      {isOpen && (
        // biome-ignore lint/a11y/noStaticElementInteractions: a click on any of its actions closes it
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys press the buttons inside
        <div
          class="sheet"
          id={id}
          // Before the action, which is gone after it: a dialog that it opens gives the focus back to the button.
          onClickCapture={() => box.current?.querySelector("button")?.focus()}
          onClick={() => setOpen(false)}
        >
          {children}
        </div>
      )}
    </div>
  );
}
