import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

import { texts } from "../texts";
import { Icon } from "./icon";

type Props = {
  title: string;
  children: ComponentChildren;
  /** Closing it; without, nothing but its own buttons ends it. */
  onClose?: () => void;
  class?: string;
};

/** A modal dialog: the page behind it is inert, Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, children, onClose, class: kind = "dialog" }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();

  // Before the effects of what is inside, which may move the focus.
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus();
      }
    };
  }, []);

  return (
    <dialog
      ref={box}
      class={kind}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <div class="h">
        <h2 id={heading}>{title}</h2>
        {onClose !== undefined && (
          <button class="button icon" type="button" aria-label={texts.close} onClick={onClose}>
            <Icon name="x" />
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}
