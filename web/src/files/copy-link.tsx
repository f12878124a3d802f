import { useState } from "preact/hooks";

import { asProblem } from "../api/problem";
import { announce } from "../components/announce";
import { Dialog } from "../components/dialog";
import { span } from "../format";
import { texts } from "../texts";
import type { StoredFile } from "./file";
import { copyText, makeLink } from "./links";

const words = texts.file;

/** Make a link to a file and copy it; `shown` is the link where the browser has no clipboard. */
export function useFileLink(file: StoredFile) {
  const [shown, setShown] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function copy() {
    if (isBusy) {
      return;
    }
    setBusy(true);
    try {
      const link = await makeLink(file);
      if (await copyText(link.url)) {
        announce(words.linkCopied(span(new Date(link.expires_at).getTime() - Date.now())));
      } else {
        setShown(link.url);
      }
    } catch (error) {
      announce(asProblem(error).message, { tone: "bad" });
    }
    setBusy(false);
  }

  return { copy, shown: shown !== null && <ShownAddress address={shown} onClose={() => setShown(null)} /> };
}

/** An address to copy by hand. */
export function ShownAddress({ address, onClose }: { address: string; onClose: () => void }) {
  return (
    <Dialog title={words.linkShown} onClose={onClose}>
      <AddressInput address={address} label={words.linkShown} />
    </Dialog>
  );
}

export function AddressInput({ address, label }: { address: string; label: string }) {
  return (
    <input
      readOnly
      value={address}
      aria-label={label}
      onFocus={(event) => event.currentTarget.select()}
      onClick={(event) => event.currentTarget.select()}
    />
  );
}
