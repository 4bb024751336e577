// Passkeys: the browser's part. Forms with data-passkey are hidden without this script.
(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-passkey]");
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      const button = form.querySelector("button");
      failed.hidden = true;
      button.disabled = true;
      try {
        const body = new URLSearchParams({ authenticity_token: form.elements.authenticity_token.value });
        const response = await fetch(form.dataset.begin, { method: "POST", body });
        if (!response.ok) throw new Error(response.status);
        const { secret, options } = await response.json();
        const creates = form.dataset.passkey === "create";
        const answer = creates
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
        form.elements.secret.value = secret;
        form.elements.answer.value = JSON.stringify(answer.toJSON());
        form.submit();
      } catch {
        failed.hidden = false; // cancelled, or no such key: the page says what to do
        button.disabled = false;
      }
    });
  }

  // Only who has a device that can keep one is asked to add a passkey.
  const offer = document.querySelector("input[name=offer]");
  if (offer) {
    PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().then((can) => {
      if (can) offer.value = "1";
    });
  }
})();
