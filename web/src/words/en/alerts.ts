/** The alerts page. */
export const alerts = {
  title: "Alerts",
};
