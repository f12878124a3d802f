// Sets the theme that the person chose on this device, before anything is painted; main.tsx would come too late.
//
// A script of its own, since the Content-Security-Policy allows none inside the page. preferences.ts writes the choice.

try {
  const theme = localStorage.getItem("satchel.theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // the browser keeps nothing for this page: the system's theme it is
}
