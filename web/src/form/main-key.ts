import { useEffect } from "preact/hooks";

/** Ctrl and Enter press the main button from anywhere in the page. */
export function useMainKey(press: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (
        event.key === "Enter" &&
        (event.ctrlKey || event.metaKey) &&
        document.querySelector("dialog[open]") === null
      ) {
        event.preventDefault();
        press();
      }
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  });
}
