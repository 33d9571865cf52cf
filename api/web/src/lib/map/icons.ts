// The few pictures of the map, drawn here so that nothing has to be loaded.

import { VEHICLE_STATES } from '../protocol';
import type { Theme } from '../theme';

export interface Icon {
  name: string;
  image: ImageData;
}

/** Pixels of the picture for each pixel of the page. */
export const ICON_RATIO = 3;

type Draw = (pen: CanvasRenderingContext2D) => void;

export function drawIcons(theme: Theme): Icon[] {
  const edge = theme.dark ? '#0c1214' : '#ffffff';
  const pins = { calm: theme.ui.good, soon: theme.ui.warn, late: theme.ui.bad };
  return [
    ...VEHICLE_STATES.map((state) => icon(`vehicle-${state}`, 40, 40, vehicle(theme.vehicle[state], edge))),
    ...Object.entries(pins).map(([name, colour]) => icon(`pin-${name}`, 26, 32, pin(colour, edge))),
    icon('flag-from', 34, 40, letter(theme.ui.accent, theme.ui.onAccent, 'A')),
    icon('flag-to', 34, 40, letter(theme.vehicle.repositioning, theme.onVehicle, 'B')),
  ];
}

function icon(name: string, width: number, height: number, draw: Draw): Icon {
  const canvas = document.createElement('canvas');
  canvas.width = width * ICON_RATIO;
  canvas.height = height * ICON_RATIO;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('no canvas');
  pen.scale(ICON_RATIO, ICON_RATIO);
  draw(pen);
  return { name, image: pen.getImageData(0, 0, canvas.width, canvas.height) };
}

/** A round body with a nose to the north; the map turns it to its heading. */
function vehicle(colour: string, edge: string): Draw {
  return (pen) => {
    pen.beginPath();
    pen.moveTo(20, 3.5);
    pen.lineTo(27.2, 12.6);
    pen.arc(20, 21, 11, -0.86, Math.PI + 0.86);
    pen.closePath();
    pen.shadowColor = 'rgb(0 0 0 / 0.35)';
    pen.shadowBlur = 3 * ICON_RATIO;
    pen.lineJoin = 'round';
    pen.lineWidth = 4;
    pen.strokeStyle = edge;
    pen.stroke();
    pen.shadowColor = 'transparent';
    pen.fillStyle = colour;
    pen.fill();
  };
}

function drop(pen: CanvasRenderingContext2D, x: number, top: number, radius: number, tip: number): void {
  pen.beginPath();
  pen.moveTo(x, tip);
  pen.bezierCurveTo(x - radius * 0.4, tip - radius * 0.9, x - radius, top + radius * 1.7, x - radius, top + radius);
  pen.arc(x, top + radius, radius, Math.PI, 0);
  pen.bezierCurveTo(x + radius, top + radius * 1.7, x + radius * 0.4, tip - radius * 0.9, x, tip);
  pen.closePath();
}

/** A pin with somebody waiting in it. */
function pin(colour: string, edge: string): Draw {
  return (pen) => {
    drop(pen, 13, 3, 9.5, 30);
    pen.shadowColor = 'rgb(0 0 0 / 0.3)';
    pen.shadowBlur = 2 * ICON_RATIO;
    pen.lineWidth = 3;
    pen.strokeStyle = edge;
    pen.stroke();
    pen.shadowColor = 'transparent';
    pen.fillStyle = colour;
    pen.fill();
    pen.fillStyle = edge;
    pen.beginPath();
    pen.arc(13, 9.4, 2.8, 0, Math.PI * 2);
    pen.fill();
    pen.beginPath();
    pen.arc(13, 18.2, 5, Math.PI, 0);
    pen.closePath();
    pen.fill();
  };
}

function letter(colour: string, ink: string, text: string): Draw {
  return (pen) => {
    drop(pen, 17, 3, 13, 38);
    pen.lineWidth = 3;
    pen.strokeStyle = ink;
    pen.stroke();
    pen.fillStyle = colour;
    pen.fill();
    pen.fillStyle = ink;
    pen.font = '700 15px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText(text, 17, 16.5);
  };
}
