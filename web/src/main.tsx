import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/work.css";
import "./styles/form.css";
import "./styles/instance.css";
import "./styles/empty.css";
import "./styles/media.css";

import { render } from "preact";

import { App } from "./app";

const root = document.getElementById("app");
if (root !== null) {
  render(<App />, root);
}
