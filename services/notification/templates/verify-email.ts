import { type Block, type Content, layout } from "./layout";

/** The token is in the URL's fragment, which browsers do not send to servers, so it appears in no log and no referrer. */
export const verifyLink = ({ token, publicUrl }: { token: string; publicUrl: string }): Block[] => [
  { link: `${publicUrl}/verify-email#${token}`, label: "Verify your e-mail address" },
  { text: "The link works for a day." },
];

export const verifyEmail = ({ name, token, publicUrl }: { name: string; token: string; publicUrl: string }): Content =>
  layout({
    subject: "Verify your new e-mail address",
    name,
    blocks: [
      { text: "Your account has this e-mail address now. Please show us that it is yours:" },
      ...verifyLink({ token, publicUrl }),
      { text: "If you have no account with us, you need not do anything." },
    ],
  });
