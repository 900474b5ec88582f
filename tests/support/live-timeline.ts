import { type SseReader, sseReader } from "../../services/_kit/testing/sse";
import { api } from "./stack";

/** Opens an order's event stream. @param lastEventId the id of the event after which the stream starts */
export async function followOrder(
  token: string,
  orderId: string,
  lastEventId?: string,
): Promise<{ response: Response; reader: SseReader }> {
  const response = await fetch(`${api.baseUrl}/orders/${orderId}/events`, {
    headers: { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
  });
  return { response, reader: sseReader(response.body) };
}
