import "./settings.css";

import { useTitle } from "../../components/title";
import { useLoad } from "../../load";
import { me } from "../../session/session";
import { meTexts } from "../../texts-me";
import { Absences } from "./absence";
import { Device } from "./device";
import { Password } from "./password";
import { Profile } from "./profile";
import { readSessions, Sessions } from "./sessions";
import { Tokens } from "./tokens";

/** What a person sets for themselves: profile, absence, this device, password, programs that act for them, sessions. */
export function Settings() {
  const who = me.value;
  const sessions = useLoad(`sessions ${who?.id ?? ""}`, readSessions);
  useTitle(meTexts.title);
  if (who === null) {
    return null;
  }
  return (
    <>
      <div class="top">
        <h1>{meTexts.title}</h1>
      </div>
      <div class="settings">
        <div class="stack">
          <Profile key={who.id} who={who} />
          <Absences who={who} />
          <Device />
        </div>
        <div class="stack">
          <Password email={who.email} onChange={() => void sessions.reload()} />
          <Tokens who={who} />
          <Sessions list={sessions} />
        </div>
      </div>
    </>
  );
}
