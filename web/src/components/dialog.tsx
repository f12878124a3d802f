import type { ComponentChildren, RefObject } from "preact";
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

/** Shows a dialog as modal while it is in the page; the focus then goes back to where it was. */
export function useModal(): RefObject<HTMLDialogElement> {
  const box = useRef<HTMLDialogElement>(null);

  // Before the effects of what is inside, which may move the focus.
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close(); // while it is open, nothing behind it takes the focus
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    };
  }, []);
  return box;
}

/** A modal dialog: the page behind it is inert, Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, children, onClose, class: kind = "dialog" }: Props) {
  const box = useModal();
  const heading = useId();

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
