/** The wall display. */
export const wall = {
  title: "Wall display",
  leave: "Leave the wall display",
  everywhere: "All wards",
  unit: "Ward",
  empty: "Nobody is placed here.",
};
