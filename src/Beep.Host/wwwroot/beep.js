// Runs before the page is drawn, so that it is never drawn in the wrong colours first.
(() => {
  const year = 365 * 24 * 60 * 60;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const keep = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=${year}; samesite=lax`;
  };
  const kept = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.split("=")[1];
  const isDark = (choice) => choice === "dark" || (choice !== "light" && system.matches);
  const apply = (choice) => {
    const dark = isDark(choice);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    return dark;
  };

  keep("beep-theme-system", system.matches ? "dark" : "light");
  apply(kept("beep-theme"));

  // A one-time sign-in link carries its secret after the #: browsers send that part to nobody.
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form[data-link-token]");
    if (form && location.hash.length > 1) {
      form.elements.token.value = location.hash.slice(1);
      history.replaceState(null, "", location.pathname);
      form.submit();
    }
  });

  // So is the link to the setup: what it carries leaves the address before anything else is loaded.
  let fragment = "";
  if (location.pathname === "/setup" && location.hash.length > 1) {
    fragment = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }

  window.beep = {
    takeFragment: () => {
      const taken = fragment;
      fragment = "";
      return taken;
    },
    chooseTheme: (choice) => {
      keep("beep-theme", choice);
      return apply(choice);
    },
    openDialog: (dialog) => {
      dialog.showModal();
      dialog.querySelector("input")?.focus();
    },
    closeDialog: (dialog) => dialog.close(),
    copy: (text) => navigator.clipboard.writeText(text),
    onSearchKey: (page) => {
      const handler = (event) => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
          event.preventDefault();
          page.invokeMethodAsync("Open");
        }
      };
      document.addEventListener("keydown", handler);
      return { dispose: () => document.removeEventListener("keydown", handler) };
    },
    // The old server answers for a moment yet: wait until it has gone, then until the new one is there.
    waitForRestart: (address) => {
      (async () => {
        for (let tries = 0; tries < 100; tries++) {
          await new Promise((done) => setTimeout(done, 200));
          try {
            await fetch("/health/live", { cache: "no-store" });
          } catch {
            break;
          }
        }
        await window.beep.waitForServer(address);
      })();
    },
    waitForServer: async (address) => {
      // The circuit ends with its server; nothing is to be reconnected.
      document.body.dataset.leaving = "";
      window.Blazor?.disconnect?.();
      for (;;) {
        await new Promise((done) => setTimeout(done, 400));
        try {
          const answer = await fetch("/health/ready", { cache: "no-store" });
          if (answer.ok) {
            location.assign(address);
            return;
          }
        } catch {
          // Between the two servers nobody listens.
        }
      }
    },
  };
})();
