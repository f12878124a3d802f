import { useEffect, useRef, useState } from "preact/hooks";

import { findPeople, groupName, knownGroups, learnGroups, type Person, usePersonName } from "../people";
import { texts } from "../texts";
import { type InputProps, plain } from "./inputs";

const words = texts.fields;
const TYPING_MS = 150;

/** A person by name: a combobox after the pattern of the ARIA practices, with a list that follows what is typed. */
export function PersonInput(props: Omit<InputProps, "field">) {
  const { id, value, onChange } = props;
  const name = usePersonName(typeof value === "number" ? value : null);
  const [text, setText] = useState(name);
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(name), [name]);

  const wanted = text.trim() === name ? "" : text.trim();
  const people = useFound(isOpen ? wanted : null);
  const found = people ?? [];
  const active = found[Math.min(at, found.length - 1)];

  const choose = (person: Person) => {
    onChange(person.id);
    setText(person.name);
    setOpen(false);
  };

  function press(event: KeyboardEvent) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt(isOpen ? (at + step + found.length) % Math.max(1, found.length) : 0);
      event.preventDefault();
    } else if (event.key === "Enter" && isOpen && active !== undefined) {
      choose(active);
      event.preventDefault();
    } else if (event.key === "Escape" && isOpen) {
      setOpen(false);
      setText(name);
      event.stopPropagation();
    }
  }

  return (
    <div class="combo">
      <input
        ref={input}
        {...plain(props)}
        role="combobox"
        aria-expanded={isOpen}
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={isOpen && active !== undefined ? `${id}-${active.id}` : undefined}
        autocomplete="off"
        placeholder={words.findPerson}
        value={text}
        onFocus={() => setOpen(true)}
        onBlur={() => {
          setOpen(false);
          setText(text.trim() === "" ? "" : name);
        }}
        onKeyDown={press}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
          setAt(0);
          if (event.currentTarget.value === "") {
            onChange(null);
          }
        }}
      />
      <div class="sheet" id={`${id}-list`} role="listbox" aria-label={words.people} hidden={!isOpen}>
        {found.map((person) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the input
          <div
            key={person.id}
            id={`${id}-${person.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={person.id === active?.id}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(person)}
          >
            {person.name}
          </div>
        ))}
        {found.length === 0 && <div class="quiet">{people === null ? texts.loading : words.noPerson}</div>}
      </div>
    </div>
  );
}

/** Return the people whose names contain a text, a moment after it was typed; null while they are read. */
function useFound(text: string | null): readonly Person[] | null {
  const [found, setFound] = useState<{ text: string; people: readonly Person[] } | null>(null);
  useEffect(() => {
    if (text === null) {
      return;
    }
    let isOver = false;
    const timer = setTimeout(
      () => {
        findPeople(text).then(
          (people) => isOver || setFound({ text, people }),
          () => isOver || setFound({ text, people: [] }),
        );
      },
      text === "" ? 0 : TYPING_MS,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [text]);
  return found !== null && found.text === text ? found.people : null;
}

/** A group by name. */
export function GroupInput(props: InputProps) {
  const { value, onChange } = props;
  useEffect(() => void learnGroups(), []);
  const groups = knownGroups.value ?? [];
  return (
    <select
      {...plain(props)}
      value={value === null || value === undefined ? "" : String(value)}
      onChange={(event) => onChange(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}
    >
      <option value="">{props.isRequired ? words.choose : ""}</option>
      {typeof value === "number" && !groups.some((group) => group.id === value) && (
        <option value={value}>{groupName(value)}</option>
      )}
      {groups.map((group) => (
        <option key={group.id} value={group.id}>
          {group.name}
        </option>
      ))}
    </select>
  );
}
