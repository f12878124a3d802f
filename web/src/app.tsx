import { useEffect, useState } from "preact/hooks";
import { LocationProvider, lazy, Route, Router } from "preact-iso";

import { asProblem, type Problem } from "./api/problem";
import { Announcements } from "./components/announce";
import { ProblemNote, Skeleton } from "./components/state";
import { Frame } from "./frame/frame";
import { NotFound } from "./pages/missing/not-found";
import { Work } from "./pages/work/work";
import { isKnown, me, resume } from "./session/session";
import { SignInDialog } from "./session/sign-in-dialog";
import { SignInPage } from "./session/sign-in-page";

const Start = lazy(() => import("./pages/start/start").then((page) => page.Start));
const StartForm = lazy(() => import("./pages/start/start-form").then((page) => page.StartForm));
const Task = lazy(() => import("./pages/task/task").then((page) => page.Task));
const Settings = lazy(() => import("./pages/me/settings").then((page) => page.Settings));
const Instance = lazy(() => import("./pages/instance/instance").then((page) => page.Instance));

/** The whole application: nobody is signed in, or a page within the frame. */
export function App() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const begin = () => {
    setProblem(null);
    resume().catch((error) => setProblem(asProblem(error)));
  };
  useEffect(begin, []);

  if (problem !== null) {
    return (
      <div class="alone">
        <main id="main">
          <ProblemNote problem={problem} onRetry={begin} />
        </main>
      </div>
    );
  }
  if (!isKnown.value) {
    return <Skeleton lines={1} />;
  }
  if (me.value === null) {
    return <SignInPage />;
  }
  return (
    <LocationProvider>
      <Frame>
        <Router>
          <Route path="/" component={Work} />
          <Route path="/work" component={Work} />
          <Route path="/start" component={Start} />
          <Route path="/start/:app" component={StartForm} />
          <Route path="/tasks/:task" component={Task} />
          <Route path="/i/:instance/:part?" component={Instance} />
          <Route path="/me" component={Settings} />
          <Route default component={NotFound} />
        </Router>
      </Frame>
      <SignInDialog />
      <Announcements />
    </LocationProvider>
  );
}
