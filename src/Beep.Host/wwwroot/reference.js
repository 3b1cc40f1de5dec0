// The reference of the API, drawn from this server's own description; nothing is loaded from elsewhere.
Scalar.createApiReference("#app", {
  url: "/openapi/v1.json",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
  darkMode: document.documentElement.dataset.theme === "dark",
  hideDarkModeToggle: true,
  // Grey on grey is too faint to read.
  customCss: ".sidebar-search-placeholder, .client-libraries-text { color: var(--scalar-color-1) !important; }",
});
