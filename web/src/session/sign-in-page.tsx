import { Mark } from "../components/icon";
import { useTitle } from "../components/title";
import { texts } from "../texts";
import { SignInForm } from "./sign-in-form";

/** Shown at every address to a person who is not signed in; signing in shows the page of the address. */
export function SignInPage() {
  useTitle(texts.signIn.title);
  return (
    <div class="alone">
      <main id="main">
        <div class="brand">
          <Mark />
          {texts.product}
        </div>
        <div class="sheet">
          <h1>{texts.signIn.title}</h1>
          <SignInForm />
          <p class="quiet small">{texts.signIn.forgotten}</p>
        </div>
      </main>
    </div>
  );
}
