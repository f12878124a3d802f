/** Uploads that go on while one walks through the application, in the rail. */
export function Tray() {
  return null;
}

/** The same above the bar at the bottom of a phone. */
export function LowTray() {
  return null;
}
