import { signInAgain } from "../api/client";
import { Dialog } from "../components/dialog";
import { texts } from "../texts";
import { me } from "./session";
import { SignInForm } from "./sign-in-form";

const words = texts.signIn;

/** Over any page whose session ended: the page stays as it is, and what was clicked is sent after signing in. */
export function SignInDialog() {
  if (signInAgain.value === null) {
    return null;
  }
  return (
    <Dialog title={words.again}>
      <p>
        {words.ended}
        <b>{words.nothingLost}</b>
        {words.kept}
      </p>
      <SignInForm
        email={me.value?.email ?? ""}
        beside={
          <a class="button" href="/work" onClick={() => location.assign("/work")}>
            {words.someoneElse}
          </a>
        }
      />
    </Dialog>
  );
}
