// Who asks: user, password, and for administrators the account to look at.

import { logIn } from "./api.js";
import { el } from "./dom.js";

/** The form. `done` is called once somebody is logged in; `reason` says why nobody is. */
export function login(reason, done) {
  const user = el("input", {
    name: "username",
    autocomplete: "username",
    required: true,
    autocapitalize: "none",
    spellcheck: "false",
  });
  const password = el("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const account = el("input", {
    name: "account",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    placeholder: "your own",
  });
  const button = el("button", { class: "main", type: "submit" }, "Log in");
  const told = el("div", { class: "notice bad", role: "alert", hidden: !reason }, reason);

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    told.hidden = true;
    try {
      await logIn(user.value.trim(), password.value, account.value.trim());
      done();
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
      password.select();
    } finally {
      button.disabled = false;
    }
  }

  return el(
    "form",
    { class: "login", submit },
    el("h1", { tabindex: "-1" }, "Log in"),
    told,
    el("label", null, "User", user),
    el("label", null, "Password", password),
    el("label", null, "Account (for administrators)", account),
    button,
  );
}
