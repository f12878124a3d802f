import { useEffect } from "preact/hooks";

import { texts } from "../texts";

/** Name the page in the browser's tab. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? texts.product : `${title} · ${texts.product}`;
  }, [title]);
}
