import { type Content, layout } from "./layout";
import { verifyLink } from "./verify-email";

/** Deliveries that were stored before verification was introduced have no token. */
export const welcome = ({ name, token, publicUrl }: { name: string; token?: string; publicUrl: string }): Content =>
  layout({
    subject: "Welcome to the Shop",
    name,
    blocks: [
      { text: "Your account is ready. We write to you about your account and your orders, and about nothing else." },
      ...(token ? [{ text: "Please show us that this address is yours:" }, ...verifyLink({ token, publicUrl })] : []),
      { text: "If you did not open this account, you need not do anything: just do not use it." },
    ],
  });
