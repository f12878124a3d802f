// A link to a file that is kept elsewhere: how it is typed, and how it is listed.

import { useEffect, useRef } from "preact/hooks";

import { Icon } from "../components/icon";
import { linkable, siteOf } from "../files/file";
import { texts } from "../texts";
import { FileItem, type Moves } from "./file-item";
import type { LinkValue } from "./file-order";

const words = texts.fields.link;

/** What is typed of a link that is not in the list yet. */
export type LinkDraft = { url: string; name: string; fault?: string };

const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const MOST_CHARS = 4000;

/** Return the address that was typed, with https where no scheme was; null where it is no address of the web. */
export function addressIn(text: string): string | null {
  const given = text.trim();
  const whole = HAS_SCHEME.test(given) ? given : `https://${given}`;
  try {
    const url = new URL(whole);
    const isWeb = url.protocol === "https:" || url.protocol === "http:";
    const isHost = whole === given ? url.hostname !== "" : url.hostname.includes(".");
    return isWeb && isHost && whole.length <= MOST_CHARS && !/\s/.test(whole) ? whole : null;
  } catch {
    return null;
  }
}

/** Return what a link is called where it was given no name: the last part of its address, or its site. */
export function nameOf(address: string): string {
  const url = new URL(address);
  const last = url.pathname.split("/").findLast((part) => part !== "");
  try {
    return last === undefined ? url.hostname : decodeURIComponent(last);
  } catch {
    return last ?? url.hostname;
  }
}

type Props = {
  /** Of the field. */
  id: string;
  draft: LinkDraft;
  onDraft: (draft: LinkDraft) => void;
  onAdd: () => void;
  onCancel: () => void;
};

/** Type an address and, if it shall have one, a name. */
export function LinkEntry({ id, draft, onDraft, onAdd, onCancel }: Props) {
  const address = useRef<HTMLInputElement>(null);
  const faultId = `${id}-link-fault`;
  useEffect(() => {
    if (draft.url === "") {
      address.current?.focus(); // it was just opened; after a reload the page begins at its top
    }
  }, []);
  useEffect(() => {
    if (draft.fault !== undefined) {
      address.current?.focus();
    }
  }, [draft.fault]);

  /** Enter adds the link; it must not send the form around it. */
  function press(event: KeyboardEvent) {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      onAdd();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    }
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would change how its parts are laid out
    <div class="link-entry" role="group" aria-label={words.entry} onKeyDown={press}>
      <div class="field">
        <label for={`${id}-link-url`}>{words.address}</label>
        <input
          ref={address}
          id={`${id}-link-url`}
          type="url"
          inputMode="url"
          autocomplete="off"
          placeholder="https://"
          value={draft.url}
          aria-required="true"
          aria-invalid={draft.fault !== undefined}
          aria-describedby={draft.fault === undefined ? undefined : faultId}
          onInput={(event) => onDraft({ url: event.currentTarget.value, name: draft.name })}
        />
        {draft.fault !== undefined && (
          <p class="error" id={faultId}>
            <Icon name="alert" />
            {draft.fault}
          </p>
        )}
      </div>
      <div class="field">
        <label for={`${id}-link-name`}>
          {words.name} <span class="need">{texts.task.optional}</span>
        </label>
        <input
          id={`${id}-link-name`}
          autocomplete="off"
          maxLength={200}
          value={draft.name}
          onInput={(event) => onDraft({ ...draft, name: event.currentTarget.value })}
        />
      </div>
      <div class="row-of">
        <button class="button" type="button" onClick={onAdd}>
          {words.add}
        </button>
        <button class="button plain" type="button" onClick={onCancel}>
          {texts.cancel}
        </button>
      </div>
    </div>
  );
}

type ItemProps = { link: LinkValue; moves?: Moves | undefined; onRemove: () => void };

/** A link in the list of a field's files. */
export function LinkItem({ link, moves, onRemove }: ItemProps) {
  const href = linkable(link.url);
  return (
    <FileItem
      name={link.name}
      picture={null}
      icon="link"
      elsewhere={href}
      moves={moves}
      meta={<span>{siteOf(link.url) ?? link.url}</span>}
      acts={
        <button class="button icon" type="button" aria-label={texts.uploads.remove(link.name)} onClick={onRemove}>
          <Icon name="x" />
        </button>
      }
    />
  );
}
