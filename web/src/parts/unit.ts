/** A UCUM unit as people write it: "{patients}" is patients, "mm[Hg]" is mmHg, "Cel" is °C, "1" is nothing. */
const WRITTEN: Record<string, string> = { "1": "", Cel: "°C", "mm[Hg]": "mmHg", "cm[H2O]": "cmH₂O", a: "years", "/min": "/min" };

export const unit = (ucum: string): string => WRITTEN[ucum] ?? ucum.replace(/[{}[\]]/g, "");
