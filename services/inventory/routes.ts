import { errorResponses, IdempotencyHeaders } from "@shop/contracts/common";
import { IdsQuery, InternalProducts } from "@shop/contracts/internal-api";
import { access, type VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { canonical, idempotentRequest } from "@shop/kit/idempotency";
import { Elysia } from "elysia";
import { adjustStock } from "./commands/adjust-stock";
import { putProduct } from "./commands/put-product";
import type { Deps } from "./deps";
import * as Model from "./model";
import { getInternalProducts, getProduct, listProducts } from "./queries/products";

export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: Pick<ServiceTokens, "verify"> }) =>
  new Elysia({ name: "inventory-routes" })
    .use(access(auth.verify))
    .get("/products", ({ query }) => listProducts(deps, query), {
      query: Model.ListQuery,
      response: { 200: Model.ProductPage, ...errorResponses(422, 500) },
    })
    .get("/products/:productId", ({ params }) => getProduct(deps, params.productId), {
      params: Model.ProductParams,
      response: { 200: Model.ProductView, ...errorResponses(404, 422, 500) },
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
        params: Model.ProductParams,
        body: Model.PutProductBody,
        response: {
          200: Model.ProductView,
          201: Model.ProductView,
          ...errorResponses(400, 401, 403, 413, 415, 422, 500),
        },
      },
    )
    .post(
      "/products/:productId/stock",
      async ({ params, body, headers, user, set }) => {
        const request = idempotentRequest({
          ...{ key: headers["idempotency-key"], subject: user.id, method: "POST", route: "/products/:productId/stock" },
          request: canonical({ params, body }),
        });
        const answer = await adjustStock(deps, { ...body, ...params, request });
        set.status = answer.status;
        return answer.body;
      },
      {
        permission: "inventory:write",
        headers: IdempotencyHeaders,
        params: Model.ProductParams,
        body: Model.AdjustStockBody,
        response: { 200: Model.StockLevelView, ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500) },
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
