// What is chosen for this browser: it is kept here and needs no server.

import { useState } from "preact/hooks";

import { Icon } from "../../components/icon";
import { areKeysOn, chooseTheme, switchKeys, type Theme, theme } from "../../device/preferences";
import { meTexts } from "../../texts-me";

const words = meTexts.device;
const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function Device() {
  const [isKept, setKept] = useState(true);
  return (
    <section class="sheet pane" aria-labelledby="device">
      <div class="h">
        <h2 id="device">{words.title}</h2>
      </div>
      <div class="stack">
        <p class="quiet small">{words.say}</p>
        {!isKept && (
          <div class="note warn tight" role="alert">
            <Icon name="alert" />
            <div class="say">{words.notKept}</div>
          </div>
        )}
        <fieldset class="field">
          <legend class="label">{words.theme}</legend>
          <div class="seg">
            {THEMES.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="theme"
                  checked={theme.value === one}
                  onChange={() => setKept(chooseTheme(one))}
                />
                <span>{words.themes[one]}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="field">
          <label class="tick">
            <input
              type="checkbox"
              checked={areKeysOn.value}
              aria-describedby="keys-help"
              onChange={(event) => setKept(switchKeys(event.currentTarget.checked))}
            />
            {words.keys}
          </label>
          <p class="help" id="keys-help">
            {words.keysSay}
          </p>
        </div>
      </div>
    </section>
  );
}
