import { type Content, layout } from "./layout";

export const welcome = ({ name }: { name: string }): Content =>
  layout({
    subject: "Welcome to the Shop",
    name,
    blocks: [
      { text: "Your account is ready. We write to you about your orders, and about nothing else." },
      { text: "If you did not open this account, you need not do anything: just do not use it." },
    ],
  });
