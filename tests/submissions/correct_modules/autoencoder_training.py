"""Lab 1, 0.3: an autoencoder with a bottleneck."""
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


class Autoencoder(nn.Module):
    def __init__(self, n_pixels, n_codes):
        super().__init__()
        self.enc1 = nn.Linear(n_pixels, 256)
        self.enc2 = nn.Linear(256, 64)
        self.enc3 = nn.Linear(64, n_codes)
        self.dec1 = nn.Linear(n_codes, 64)
        self.dec2 = nn.Linear(64, 256)
        self.dec3 = nn.Linear(256, n_pixels)

    def encode(self, x):
        return self.enc3(F.relu(self.enc2(F.relu(self.enc1(x)))))

    def decode(self, z):
        return torch.sigmoid(self.dec3(F.relu(self.dec2(F.relu(self.dec1(z))))))

    def forward(self, x):
        return self.decode(self.encode(x))


def train_autoencoder(images, *, latent_dim, epochs, device, seed):
    torch.manual_seed(seed)
    model = Autoencoder(images.shape[1], latent_dim).to(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True)
    history = {"loss": []}
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for (x,) in loader:
            x = x.to(device)
            loss = F.mse_loss(model(x), x, reduction="sum")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        history["loss"].append(running / len(images))
    model.eval()
    return model, history
