import { errorResponses, IdempotencyHeaders } from "@shop/contracts/common";
import { IdsQuery, InternalProducts } from "@shop/contracts/internal-api";
import { access, type VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { canonical, idempotentRequest } from "@shop/kit/idempotency";
import { Elysia } from "elysia";
import { adjustStock } from "./commands/adjust-stock";
import { putProduct } from "./commands/put-product";
import type { Deps } from "./deps";
import * as schema from "./model";
import { getInternalProducts, getProduct, listProducts } from "./queries/products";

export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens }) =>
  new Elysia({ name: "inventory-routes" })
    .use(access(auth.verify))
    .get("/products", ({ query }) => listProducts(deps, query), {
      query: schema.ListQuery,
      response: { 200: schema.ProductPage, ...errorResponses(422, 500) },
    })
    .get("/products/:productId", ({ params }) => getProduct(deps, params.productId), {
      params: schema.ProductParams,
      response: { 200: schema.ProductView, ...errorResponses(404, 422, 500) },
    })
    .put(
      "/products/:productId",
      async ({ params, body, set }) => {
        const { product, created } = await putProduct(deps, { ...body, ...params });
        set.status = created ? 201 : 200;
        return product;
      },
      {
        permission: "inventory:write",
        params: schema.ProductParams,
        body: schema.PutProductBody,
        response: {
          200: schema.ProductView,
          201: schema.ProductView,
          ...errorResponses(400, 401, 403, 413, 415, 422, 500),
        },
      },
    )
    .post(
      "/products/:productId/stock",
      async ({ params, body, headers, user, set }) => {
        const request = idempotentRequest({
          key: headers["idempotency-key"],
          subject: user.id,
          method: "POST",
          route: "/products/:productId/stock",
          request: canonical({ params, body }),
        });
        const answer = await adjustStock(deps, { ...body, ...params, request });
        set.status = answer.status;
        return answer.body;
      },
      {
        permission: "inventory:write",
        headers: IdempotencyHeaders,
        params: schema.ProductParams,
        body: schema.AdjustStockBody,
        response: { 200: schema.StockLevelView, ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500) },
      },
    )
    .get(
      "/internal/products",
      async ({ query, headers }) => {
        await auth.tokens.verify(headers.authorization, ["order"]);
        return getInternalProducts(deps, query.ids);
      },
      { query: IdsQuery, response: { 200: InternalProducts, ...errorResponses(401, 403, 422, 500) } },
    );
