import { useEffect, useRef, useState } from "preact/hooks";

import { api, take } from "../api/client";
import { texts } from "../texts";
import { type InputProps, plain } from "./inputs";
import { groupName, knownGroups, personName, usePeople } from "./people";

const words = texts.fields;
const MOST_SHOWN = 20;

/** A person by name: a combobox after the pattern of the ARIA practices, with a list that follows what is typed. */
export function PersonInput(props: InputProps) {
  const { id, value, onChange } = props;
  const people = usePeople();
  const name = typeof value === "number" ? personName(value) : "";
  const [text, setText] = useState(name);
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(name), [name]);

  const wanted = text.trim().toLocaleLowerCase();
  const found = people.filter((person) => person.name.toLocaleLowerCase().includes(wanted)).slice(0, MOST_SHOWN);
  const active = found[Math.min(at, found.length - 1)];

  const choose = (person: (typeof found)[number]) => {
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
        {found.length === 0 && <div class="quiet">{words.noPerson}</div>}
      </div>
    </div>
  );
}

/** A group by name. */
export function GroupInput(props: InputProps) {
  const { value, onChange } = props;
  useEffect(() => {
    if (knownGroups.value === null) {
      take(api.GET("/api/v1/groups")).then(
        (found) => {
          knownGroups.value = found.items;
        },
        () => {
          knownGroups.value = [];
        },
      );
    }
  }, []);
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
