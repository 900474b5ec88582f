export { eventually } from "../../services/_kit/testing/eventually";
