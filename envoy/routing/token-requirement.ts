import { typeUrl } from "../envoy-api";

/** Settings of a route for the token check. */
const jwtAuthn = (requirement: object) => ({
  "envoy.filters.http.jwt_authn": {
    "@type": typeUrl("extensions.filters.http.jwt_authn.v3.PerRouteConfig"),
    ...requirement,
  },
});

export const accessTokenRequired = jwtAuthn({ requirement_name: "access-token" });
export const noTokenRequired = jwtAuthn({ disabled: true });
